import fc from 'fast-check';
import { SecretBox } from './secret-box.js';

const OLD = 'k1-9fJ2mQ7xV4cB8nL5wZ1sD6hG3tR0yP';
const NEW = 'k2-3hT8vN1qX6bM9kR4zC7dW2jF5gL0sY';
const CONTEXT = 'payment provider/stripe/key';
const box = new SecretBox(OLD);
const code = (code: string) => expect.objectContaining({ code });

describe('a secret at rest', () => {
  it('opens to the sealed text, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, context) => {
        expect(box.open(box.seal(text, context), context)).toBe(text);
      }),
    );
  });

  it('reveals nothing of its content, and never has the same form twice', () => {
    const [one, other] = [box.seal('sk_live_51Habcdef', CONTEXT), box.seal('sk_live_51Habcdef', CONTEXT)];
    expect(one.toString('latin1')).not.toContain('sk_live');
    // Version and key id are the same; salt, tag and ciphertext are not.
    expect(one.subarray(0, 9)).toEqual(other.subarray(0, 9));
    expect(one.subarray(9, 41)).not.toEqual(other.subarray(9, 41));
    expect(one.subarray(57)).not.toEqual(other.subarray(57));
  });

  it('does not open after any bit has changed', () => {
    const sealed = box.seal('sk_live_51H', CONTEXT);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const forged = Buffer.from(sealed);
      forged[bit >> 3]! ^= 1 << (bit & 7);
      const isKeyId = bit >= 8 && bit < 72;
      expect(() => box.open(forged, CONTEXT)).toThrow(code(isKeyId ? 'secret_key_unknown' : 'secret_unreadable'));
    }
  });

  it('does not open when truncated or for another context', () => {
    const sealed = box.seal('sk_live_51H', CONTEXT);
    for (let length = 0; length < sealed.length; length++)
      expect(() => box.open(sealed.subarray(0, length), CONTEXT)).toThrow(code('secret_unreadable'));
    expect(() => box.open(sealed, 'payment provider/stripe/webhook')).toThrow(code('secret_unreadable'));
  });

  it('is opened with an earlier key and sealed again with the current one', () => {
    const sealed = box.seal('sk_live_51H', CONTEXT);
    const rotated = new SecretBox(NEW, [OLD]);
    expect(rotated.isCurrent(sealed)).toBe(false);
    const again = rotated.seal(rotated.open(sealed, CONTEXT), CONTEXT);
    expect(rotated.isCurrent(again)).toBe(true);
    expect(() => box.open(again, CONTEXT)).toThrow(code('secret_key_unknown'));
    expect(() => new SecretBox(NEW).open(sealed, CONTEXT)).toThrow(code('secret_key_unknown'));
  });
});
