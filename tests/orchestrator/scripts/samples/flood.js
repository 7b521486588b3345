import http from 'k6/http';

export const options = { vus: 1, iterations: 10 };

export default function () {
  http.get('http://shop.test/products');
  for (let i = 0; i < 1300; i++) {
    console.log(`iteration ${__ITER}, line ${i}: {"msg": "http_reqs,1,2,3", "level": "error"}`);
  }
  console.log('x'.repeat(20000) + '\nhttp_reqs,1,2,3');
}
