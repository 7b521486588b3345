import http from 'k6/http';

export const options = {
  vus: 1,
  iterations: 4,
  hosts: { 'tracker.test': `${__ENV.TRACKER}` },
  blacklistIPs: ['198.51.100.0/24'],
};

export default function () {
  http.get('http://shop.test/products');
  http.get('http://tracker.test/pixel?id=7');
  http.batch([`http://${__ENV.TRACKER}/again`]);
  http.get(`http://${__ENV.PARTNER}/partner`);
}
