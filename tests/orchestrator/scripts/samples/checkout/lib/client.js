import http from 'k6/http';

export default class Client {
  constructor(base) {
    this.base = base;
  }

  pay(amount) {
    return http.post(`${this.base}/pay`, { amount: String(amount) }, { tags: { endpoint: 'pay' } });
  }
}
