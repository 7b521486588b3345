const http = require('k6/http');
const check = require('k6').check;

module.exports.options = { vus: 1, iterations: 3 };

module.exports.setup = function () {
  return { path: '/products' };
};

module.exports.default = function (data) {
  check(http.get('http://shop.test' + data.path), { ok: (r) => r.status === 200 });
};
