/** What the operations are grouped under, with a sentence for whoever reads the API for the first time. */
export const TAGS: Readonly<Record<string, string>> = {
  'Sign-in': 'Sessions: an access token for the `Authorization` header, and a refresh cookie that renews it.',
  Store: 'The store itself.',
  People: 'Who may sign in to a store, and with which roles.',
  Products: 'What a store sells, in which units and at which price.',
  Stock: 'What is on the shelf, what is reserved, and every movement that led there.',
  Customers: 'Customers and the sites they build on.',
  Quotes: 'Offers with versions: draft, sent, accepted, converted.',
  Orders: 'What was sold and how far it has come.',
  Insights: 'What the engines advise, why, and what the store answered.',
  Live: 'What happens in the store, as it happens.',
  Tenants: 'The stores this installation serves.',
  Operators: 'Who may use the console.',
  Audit: 'What operators did, and why.',
  Events: 'The events on their way from the stores to the engines.',
  'Dead letters': 'Events that an engine could not apply, and what to do about them.',
};
