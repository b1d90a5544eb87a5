export { sellableProducts } from './data/products.js';
export { type Product, unitOf } from './domain/product.js';
export { createProduct } from './usecases/create-product.js';
export { type LineRequest, priceLines } from './usecases/price-lines.js';
