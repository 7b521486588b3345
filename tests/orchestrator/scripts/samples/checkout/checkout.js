import { sleep } from 'k6';
import { Client, basket, orders, paid, payment } from './lib/index.js';

export const options = {
  vus: 2,
  duration: '1s',
  thresholds: { paid: ['rate>0.95'], payment_time: ['p(99)<0.001', 'med<5000'], orders: ['count>100000'] },
  summaryTrendStats: ['avg', 'p(90)'],
};

const client = new Client('http://shop.test');

export default function () {
  const res = client.pay(10 + __ITER);
  orders.add(1);
  basket.add(__ITER % 7);
  paid.add(res.status === 200);
  payment.add(res.timings.duration);
  sleep(0.1);
}

export function handleSummary(data) {
  return {
    stdout: `orders: ${data.metrics.orders.values.count}, shown: ${data.options.summaryTrendStats}\n`,
    'results/summary.json': JSON.stringify(data),
    './orders.txt': String(data.metrics.orders.values.count),
  };
}
