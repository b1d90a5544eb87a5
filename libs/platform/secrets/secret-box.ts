/**
 * Secrets at rest: AES-256-GCM. Each secret has its own key, which HKDF derives from the installation's key, a random salt and
 * the context for which the secret is sealed. So no key encrypts two secrets, and a secret that was sealed for one context
 * cannot be opened in another.
 *
 *   version (1) │ key id (8) │ salt (32) │ tag (16) │ ciphertext
 *
 * Rotation: the new key seals, and the earlier keys still open. `isCurrent` says whether a secret must be sealed again. Key ids
 * are derived from the keys, so a key needs no name.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { errorTable } from '#kernel';

const errors = errorTable({
  secret_key_unknown: ['internal', 'A secret was sealed with a key that this installation does not have.'],
  secret_unreadable: ['internal', 'A secret was changed since it was sealed, or was sealed for another place.'],
});

const CIPHER = 'aes-256-gcm';
const VERSION = 1;
const ID_BYTES = 8;
const SALT_BYTES = 32;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + ID_BYTES + SALT_BYTES;
const LABEL = 'basecommerce secrets v1';
/** Key and nonce are derived together from the salt. Salts are random and do not repeat, so the pair does not repeat. */
const KEY_BYTES = 32;
const NONCE_BYTES = 12;

interface MasterKey {
  readonly id: Buffer;
  readonly secret: string;
}

export class SecretBox {
  private readonly current: MasterKey;
  private readonly keys: readonly MasterKey[];

  /** Each has at least 32 bytes; the settings check this. */
  constructor(current: string, previous: readonly string[] = []) {
    this.keys = [current, ...previous].map(masterKey);
    this.current = this.keys[0]!;
  }

  /** `context` names the secret and its owner, for example `payment provider/stripe/key`. */
  seal(text: string, context: string): Buffer {
    const header = Buffer.concat([Buffer.of(VERSION), this.current.id, randomBytes(SALT_BYTES)]);
    const { key, nonce } = derive(this.current, header, context);
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(header);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([header, cipher.getAuthTag(), sealed]);
  }

  /** Throws `secret_key_unknown` or `secret_unreadable`; neither error reveals anything of the content. */
  open(sealed: Uint8Array, context: string): string {
    const bytes = Buffer.from(sealed);
    if (bytes.length < HEADER_BYTES + TAG_BYTES || bytes[0] !== VERSION) throw errors.secret_unreadable();
    const header = bytes.subarray(0, HEADER_BYTES);
    const master = this.keys.find(({ id }) => id.equals(idOf(bytes)));
    if (!master) throw errors.secret_key_unknown({ details: { key: idOf(bytes).toString('hex') } });
    const { key, nonce } = derive(master, header, context);
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
      .setAAD(header)
      .setAuthTag(bytes.subarray(HEADER_BYTES, HEADER_BYTES + TAG_BYTES));
    try {
      const text = [decipher.update(bytes.subarray(HEADER_BYTES + TAG_BYTES)), decipher.final()];
      return Buffer.concat(text).toString('utf8');
    } catch (error) {
      throw errors.secret_unreadable({ cause: error });
    }
  }

  /** False when the secret was sealed with an earlier key: open it and seal it again. */
  isCurrent(sealed: Uint8Array): boolean {
    return this.current.id.equals(idOf(Buffer.from(sealed)));
  }
}

function masterKey(secret: string): MasterKey {
  return { secret, id: Buffer.from(hkdfSync('sha256', secret, '', `${LABEL}/id`, ID_BYTES)) };
}

function idOf(bytes: Buffer): Buffer {
  return bytes.subarray(1, 1 + ID_BYTES);
}

function derive({ secret }: MasterKey, header: Buffer, context: string) {
  const salt = header.subarray(1 + ID_BYTES);
  const bytes = Buffer.from(hkdfSync('sha256', secret, salt, `${LABEL}/${context}`, KEY_BYTES + NONCE_BYTES));
  return { key: bytes.subarray(0, KEY_BYTES), nonce: bytes.subarray(KEY_BYTES) };
}
