import http from 'k6/http';
import ws from 'k6/ws';
import { check } from 'k6';

export const options = { vus: 1, iterations: 4 };

export default function () {
  http.get('http://shop.test/products');
  const res = ws.connect(__ENV.WS_URL, null, (socket) => {
    socket.on('open', () => socket.send('hello'));
    socket.on('message', (text) => {
      check(text, { echoed: (t) => t === 'hello' });
      socket.close();
    });
    socket.setTimeout(() => socket.close(), 5000);
  });
  check(res, { 'status is 101': (r) => r && r.status === 101 });
}
