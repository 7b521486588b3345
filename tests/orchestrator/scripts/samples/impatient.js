import http from 'k6/http';
import { sleep } from 'k6';

export const options = {
  vus: 1,
  duration: '30s',
  thresholds: { http_req_failed: [{ threshold: 'rate<0.5', abortOnFail: true, delayAbortEval: '300ms' }] },
};

export default function () {
  http.get('http://shop.test/status/500');
  sleep(0.05);
}
