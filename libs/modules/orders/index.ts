export { changeOrderStatus } from './usecases/change-order-status.js';
export { createOrder } from './usecases/create-order.js';
export { type OrderDraft, type PlacedOrder, placeOrder } from './usecases/place-order.js';
