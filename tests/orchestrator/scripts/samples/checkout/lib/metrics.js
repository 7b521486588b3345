import { Counter, Gauge, Rate, Trend } from 'k6/metrics';

export const orders = new Counter('orders');
export const basket = new Gauge('basket_size');
export const paid = new Rate('paid');
export const payment = new Trend('payment_time', true);
