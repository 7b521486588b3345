import http from 'k6/http';
import { check, group, sleep } from 'k6';

export const options = {
  stages: [
    { duration: '500ms', target: 3 },
    { duration: '500ms', target: 3 },
    { duration: '200ms', target: 0 },
  ],
  thresholds: {
    'http_req_duration{group:::front page}': ['max<0.001'],
    'checks{check:has a title}': ['rate>0.99'],
  },
  userAgent: 'MyLoadTest/1.0',
};

export default function () {
  group('front page', () => {
    const res = http.get('http://shop.test/');
    check(res, {
      'is 200': (r) => r.status === 200,
      'has a title': (r) => r.body.includes('<title>Shop</title>'),
    });
  });
  group('products', () => {
    group('list', () => http.get('http://shop.test/products'));
    group('one', () => http.get(http.url`http://shop.test/products/${1 + (__ITER % 3)}`));
  });
  sleep(Math.random() * 0.1 + 0.05);
}
