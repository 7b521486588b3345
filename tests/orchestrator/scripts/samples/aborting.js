import http from 'k6/http';
import exec from 'k6/execution';
import { sleep } from 'k6';

export const options = { vus: 1, duration: '30s' };

export default function () {
  const res = http.get(__ITER < 5 ? 'http://shop.test/products' : 'http://shop.test/status/503');
  if (res.status >= 500) {
    exec.test.abort(`the shop is closed (${res.status}), ask ${__ENV.USER}`);
  }
  sleep(0.05);
}
