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
/** The text of `lastMillisecond` at the beginning of an id. */
let time = '';

export function newId(now: number = Date.now()): Uuid {
  if (now > lastMillisecond) {
    advanceTo(now);
  } else if (++counter > 0xfff) {
    // The counter is full: take the next millisecond, so that ids neither repeat nor step back.
    advanceTo(lastMillisecond + 1);
  }
  const variant = HEX[(randomByte() & 0x3f) | 0x80]!;
  return `${time}-7${HEX[counter >> 8]![1]!}${HEX[counter & 0xff]!}-${variant}${randomHex(1)}-${randomHex(6)}`;
}

function advanceTo(millisecond: number): void {
  lastMillisecond = millisecond;
  counter = ((randomByte() << 8) | randomByte()) % 0x400;
  const hex = millisecond.toString(16).padStart(12, '0');
  time = `${hex.slice(0, 8)}-${hex.slice(8)}`;
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

function randomHex(bytes: number): string {
  let text = '';
  for (let nth = 0; nth < bytes; nth++) text += HEX[randomByte()]!;
  return text;
}

/**
 * Random bytes are read in blocks, because one call for 8 bytes costs about as much as one for 4,096. Each byte is used
 * once.
 */
let pool = new Uint8Array(0);
let drawn = 0;

function randomByte(): number {
  if (drawn === pool.length) {
    pool = crypto.getRandomValues(new Uint8Array(4_096));
    drawn = 0;
  }
  return pool[drawn++]!;
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
