import http from 'k6/http';

export const options = { vus: 2, iterations: 120 };

export default function () {
  http.get(`http://shop.test/products/${__VU * 1000 + __ITER}`);
  http.get(`http://shop.test/pages/page-${__VU}-${__ITER}?t=${Date.now()}`);
}
