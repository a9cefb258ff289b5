// records.js PORT: logs nobody in, but sends two TDS packets in one TLS record after PRELOGIN, which
// SQL Server does not take. Prints "closed" when the server ends the connection.
'use strict';
const net = require('net');
const tls = require('tls');
const { Duplex } = require('stream');

function packet(type, payload, status = 1) {
  const header = Buffer.from([type, status, 0, 0, 0, 0, 0, 0]);
  header.writeUInt16BE(payload.length + 8, 2);
  return Buffer.concat([header, payload]);
}

const prelogin = Buffer.from([0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 255, 9, 0, 0, 0, 0, 0, 1]);
const socket = net.connect(Number(process.argv[2]), '127.0.0.1');
let isWrapped = true;
let received = Buffer.alloc(0);
let isReplied = false;

const inner = new Duplex({
  read() {},
  write(chunk, encoding, done) {
    socket.write(isWrapped ? packet(0x12, chunk) : chunk, done);
  },
});

function startTls() {
  const session = tls.connect({ socket: inner, rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
  session.on('secureConnect', () => {
    isWrapped = false;
    session.write(Buffer.concat([packet(0x10, Buffer.alloc(20), 0), packet(0x10, Buffer.alloc(20))]));
  });
  session.on('error', () => {});
}

function take(type, payload) {
  if (type === 0x04 && !isReplied) {
    isReplied = true;
    startTls();
  } else {
    inner.push(payload);
  }
}

socket.on('data', (data) => {
  received = Buffer.concat([received, data]);
  while (isWrapped && received.length >= 8 && received.length >= received.readUInt16BE(2)) {
    const length = received.readUInt16BE(2);
    const first = received.subarray(0, length);
    received = received.subarray(length);
    take(first[0], first.subarray(8));
  }
});
socket.on('close', () => { console.log('closed'); process.exit(0); });
socket.on('error', () => {});
socket.write(packet(0x12, prelogin));
