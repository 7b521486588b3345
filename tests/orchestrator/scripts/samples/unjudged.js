import http from 'k6/http';

http.setResponseCallback(null);

export const options = { vus: 1, iterations: 6, discardResponseBodies: true };

export default function () {
  http.get('http://shop.test/products');
  http.get('http://shop.test/status/404', { responseCallback: http.expectedStatuses(404) });
}
