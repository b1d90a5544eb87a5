export { sellableProducts } from './data/products.js';
export { lineTotal } from './domain/pricing.js';
export { type Product, unitOf } from './domain/product.js';
export { createProduct } from './usecases/create-product.js';
export { type LineRequest, type PricedLine, priceLines } from './usecases/price-lines.js';
