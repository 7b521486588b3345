import http from 'k6/http';
import grpc from 'k6/net/grpc';
import { check } from 'k6';

const client = new grpc.Client();
client.load(['definitions'], 'hello.proto');

export const options = { vus: 2, iterations: 8 };

export default () => {
  if (__ITER === 0) {
    client.connect(__ENV.GRPC_ADDRESS, { plaintext: true });
  }
  const response = client.invoke('hello.HelloService/SayHello', { greeting: 'Bert' });
  check(response, {
    'status is OK': (r) => r && r.status === grpc.StatusOK,
    'says hello': (r) => r.message.reply === 'hello Bert',
  });
  http.get('http://shop.test/products');
};
