export { type OrderDraft, type OrderDraftLine, type PlacedOrder, placeOrder } from './usecases/place-order.js';
