import http from 'k6/http';
import grpc from 'k6/net/grpc';
import ws from 'k6/ws';

export const options = {
  vus: 1,
  iterations: 4,
  hosts: { 'tracker.test': `${__ENV.TRACKER}` },
  blacklistIPs: ['198.51.100.0/24'],
};

const client = new grpc.Client();

export default function () {
  http.get('http://shop.test/products');
  http.get('http://tracker.test/pixel?id=7');
  http.batch([`http://${__ENV.TRACKER}/again`]);
  http.get(`http://${__ENV.PARTNER}/partner`);
  ws.connect(`ws://${__ENV.TRACKER}/live`, null, (socket) => socket.close());
  try {
    client.connect(__ENV.TRACKER, { plaintext: true, timeout: '100ms' });
  } catch (error) {
    console.warn(`no gRPC: ${error}`);
  }
}
