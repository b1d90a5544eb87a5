/**
 * Fingerprints tell whether two requests under one `Idempotency-Key` are the same. Bodies contain passwords, so a fingerprint is
 * an HMAC: without SECRET_KEY, the table of keys does not help to guess a password.
 */
import { createHash, createHmac, hkdfSync } from 'node:crypto';
import type { Operation } from '#contracts/operation';

const LABEL = 'basecommerce idempotency fingerprints v1';
const KEY_BYTES = 32;
/** Distinguishes keyed fingerprints from those of earlier releases, which are 64 hexadecimal digits. */
const KEYED = 'hmac-sha256:';

export interface Fingerprint {
  /** Recorded with the key. */
  readonly fingerprint: string;
  /**
   * SHA-256 without a key, as earlier releases recorded it. It is only compared, and never recorded. Their records expire
   * after seven days; until then, a repetition of a request from before the update gets its recorded answer.
   */
  readonly unkeyedFingerprint?: string;
}

export class Fingerprints {
  private readonly key: Uint8Array;

  /** Another `secret` gives other fingerprints: requests from before the change cannot be repeated. */
  constructor(secret: string) {
    this.key = new Uint8Array(hkdfSync('sha256', secret, '', LABEL, KEY_BYTES));
  }

  /** Over operation, path parameters and body. */
  of(operation: Operation, params: unknown, body: unknown): Fingerprint {
    const request = JSON.stringify([operation.id, params, body ?? null]);
    return {
      fingerprint: KEYED + createHmac('sha256', this.key).update(request).digest('hex'),
      unkeyedFingerprint: createHash('sha256').update(request).digest('hex'),
    };
  }
}

export function isSameRequest(recorded: string, { fingerprint, unkeyedFingerprint }: Fingerprint): boolean {
  return recorded === fingerprint || recorded === unkeyedFingerprint;
}
