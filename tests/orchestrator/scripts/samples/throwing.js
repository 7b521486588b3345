import http from 'k6/http';
import { fail } from 'k6';

export const options = {
  scenarios: {
    sync: { executor: 'shared-iterations', vus: 2, iterations: 10 },
    async: { executor: 'shared-iterations', vus: 1, iterations: 3, exec: 'promised' },
  },
};

export default function () {
  const res = http.get('http://shop.test/products');
  if (__ITER % 2) {
    fail(`unexpected body for ${__ENV.PASSWORD}: "${res.body}"\nlevel=error source=console`);
  }
  console.error('level=error msg="just a word" executor=mine');
}

export async function promised() {
  await http.asyncRequest('GET', 'http://shop.test/products');
  throw new TypeError('cannot read property "x" of undefined');
}
