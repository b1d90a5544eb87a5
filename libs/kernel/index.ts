export { CURRENCIES, isCurrency, minorDigits } from './currencies.js';
export { Decimal, divideHalfUp } from './decimal.js';
export {
  DomainError,
  ERROR_KINDS,
  type ErrorExtras,
  type ErrorKind,
  type ErrorTable,
  errorTable,
  type FieldError,
  type KnownError,
  knownErrors,
} from './errors.js';
export { isUuid, newId, newSecret, tenantId, type TenantId, type Uuid } from './ids.js';
export { type Currency, Money, priceText } from './money.js';
export { Ratio } from './ratio.js';
export { StateMachine } from './state-machine.js';
export { isStorable, unstorableIn } from './storable.js';
