// Preloaded into Portkey's gateway, which would listen on all interfaces: whatever port it opens is
// opened on 127.0.0.1.

const { Server } = require('node:net');

const listen = Server.prototype.listen;
Server.prototype.listen = function listenOnLoopback(first, ...rest) {
  if (typeof first === 'number') {
    const callback = rest.find((one) => typeof one === 'function');
    return listen.call(this, { port: first, host: '127.0.0.1' }, callback);
  }
  if (typeof first === 'object' && first !== null && 'port' in first) {
    return listen.call(this, { ...first, host: '127.0.0.1' }, ...rest);
  }
  return listen.call(this, first, ...rest);
};
