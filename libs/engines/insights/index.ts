export type { DesiredInsight, Figures, InsightAction, ReviewedSubject, Worth } from './domain/insight.js';

export { type Formats, formatsFor, type InsightText, type InsightTexts, type Language, LANGUAGES } from './texts.js';
export { type Reconciled, reconcileInsights } from './usecases/reconcile-insights.js';
