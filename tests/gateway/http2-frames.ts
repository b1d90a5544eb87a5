/**
 * Writes HTTP/2 frames for requests that a client library refuses to write. Header fields are sent unchanged and
 * unindexed.
 */
import tls from 'node:tls';

export interface Reply {
  /** The status of the answer's header frame, if there was one. */
  readonly status: number | undefined;
  readonly isReset: boolean;
}

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const GOAWAY = 7;
const END_STREAM = 1;
const END_HEADERS = 4;
/** Statuses that have a place in HPACK's static table, from 8 on. */
const STATIC_STATUS = [200, 204, 206, 304, 400, 404, 500];

/**
 * Sends one request with these fields, in their order, and this body; resolves when the stream has ended in any way.
 */
export function request(port: number, fields: readonly (readonly [string, string])[], body = ''): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      host: '127.0.0.1',
      port,
      servername: 'acme.shop.test',
      ALPNProtocols: ['h2'],
      rejectUnauthorized: false,
    });
    let received = Buffer.alloc(0);
    let status: number | undefined;
    const end = (isReset: boolean) => {
      socket.destroy();
      resolve({ status, isReset });
    };
    socket.on('error', reject).on('close', () => end(true));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 9 && received.length >= 9 + received.readUIntBE(0, 3)) {
        const length = received.readUIntBE(0, 3);
        const [type, flags] = [received[3]!, received[4]!];
        const payload = received.subarray(9, 9 + length);
        received = received.subarray(9 + length);
        if (type === HEADERS) status = statusOf(payload);
        if (type === RST_STREAM || type === GOAWAY) return end(true);
        if ((type === HEADERS || type === DATA) && flags & END_STREAM) return end(false);
      }
    });
    socket.once('secureConnect', () => {
      const block = Buffer.concat(
        fields.map(([name, value]) => Buffer.concat([Buffer.from([0]), text(name), text(value)])),
      );
      socket.write(
        Buffer.concat([
          Buffer.from(PREFACE),
          frame(SETTINGS, 0, 0, Buffer.alloc(0)),
          frame(HEADERS, END_HEADERS | (body ? 0 : END_STREAM), 1, block),
          ...(body ? [frame(DATA, END_STREAM, 1, Buffer.from(body))] : []),
        ]),
      );
    });
  });
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Encodes a text shorter than 127 bytes; longer ones do not occur here. */
function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([Buffer.byteLength(value)]), Buffer.from(value)]);
}

function statusOf(block: Buffer): number | undefined {
  // A change of the table's size may come first.
  const at = block[0]! >> 5 === 1 ? 1 : 0;
  const first = block[at]!;
  if (first & 0x80) return STATIC_STATUS[(first & 0x7f) - 8];
  return Number(block.subarray(at + 2, at + 5).toString('latin1'));
}
