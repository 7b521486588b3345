import http from 'k6/http';
import { Counter } from 'k6/metrics';

const visits = new Counter('visits');

export const options = { vus: 1, iterations: 3, thresholds: { visits: [{ threshold: 'count<2' }] } };

export default function () {
  http.get('http://shop.test/');
  visits.add(1);
}

export function teardown() {
  throw new Error('nothing to clean up');
}

export async function handleSummary(data) {
  delete data.metrics.http_reqs;
  throw new Error(`no report for ${__ENV.USER}`);
}
