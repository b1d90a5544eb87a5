/**
 * Identifiers are UUIDv7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then a 12-bit counter that keeps ids made in the
 * same millisecond by the same process in order, then 62 random bits. Index inserts stay local, and an id issued
 * before a restore is never issued again after it.
 */
export type TenantId = string & { readonly tenantId: unique symbol };
export type Uuid = string;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

let lastMillisecond = 0;
let counter = 0;

export function newId(now: number = Date.now()): Uuid {
  if (now > lastMillisecond) {
    lastMillisecond = now;
    counter = randomInt(0x400);
  } else if (++counter > 0xfff) {
    // The counter is spent: borrow the next millisecond rather than repeat or step back.
    lastMillisecond += 1;
    counter = randomInt(0x400);
  }
  const random = randomBytes(8);
  random[0] = (random[0]! & 0x3f) | 0x80;
  const time = lastMillisecond.toString(16).padStart(12, '0');
  const tail = hex(random);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}

export function isUuid(value: unknown): value is Uuid {
  return typeof value === 'string' && UUID.test(value);
}

/** The one place where text becomes a tenant. Throws on anything that is not a lower-case UUID. */
export function tenantId(value: string): TenantId {
  if (!isUuid(value)) throw new TypeError(`not a tenant id: ${JSON.stringify(value)}`);
  return value as TenantId;
}

/** Unpredictable text for links and refresh tokens: 32 random bytes in base64url, 256 bits. */
export function newSecret(bytes = 32): string {
  return base64url(crypto.getRandomValues(new Uint8Array(bytes)));
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte]!;
  return text;
}

/** Drawn in blocks: one call for 8 bytes costs about as much as one for 4,096. A byte is handed out once. */
let pool = new Uint8Array(0);
let drawn = 0;

function randomBytes(count: number): Uint8Array {
  if (drawn + count > pool.length) {
    pool = crypto.getRandomValues(new Uint8Array(4_096));
    drawn = 0;
  }
  return pool.slice(drawn, (drawn += count));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

function randomInt(below: number): number {
  const [high, low] = randomBytes(2);
  return ((high! << 8) | low!) % below;
}
