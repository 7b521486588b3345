import http from 'k6/http';
import { check, sleep } from 'k6';

const BASE_URL = __ENV.BASE_URL || 'http://shop.test';

export let options = {
  vus: 2,
  duration: '1s',
  thresholds: {
    http_req_failed: ['rate<0.01'],
    http_req_duration: ['p(95)<2000'],
  },
};

export function setup() {
  const res = http.post(`${BASE_URL}/login`, JSON.stringify({ user: __ENV.USER, password: __ENV.PASSWORD }), {
    headers: { 'Content-Type': 'application/json' },
  });
  check(res, { 'logged in': (r) => r.status === 200 && r.json('token') !== '' });
  return { token: res.json('token') };
}

export default function (data) {
  const params = { headers: { Authorization: `Bearer ${data.token}` }, tags: { name: 'orders' } };
  const res = http.get(`${BASE_URL}/orders?page=${__ITER}`, params);
  check(res, { 'status is 200': (r) => r.status === 200 });
  sleep(0.1);
}

export function teardown(data) {
  http.post(`${BASE_URL}/logout`, null, { headers: { Authorization: `Bearer ${data.token}` } });
}
