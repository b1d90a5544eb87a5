export type { DesiredInsight, Figures, InsightAction, ReviewedSubject, Worth } from './domain/insight.js';
export { type Formats, formatsFor, type Language, LANGUAGES } from './domain/formats.js';
export type { InsightText, InsightTexts } from './domain/insight-texts.js';
export { type Reconciled, reconcileInsights } from './usecases/worker/reconcile-insights.js';
