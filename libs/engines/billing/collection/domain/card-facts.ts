/** The facts by which a person recognises a card. A method that is not a card has none. */
export interface CardFacts {
  readonly brand: string;
  readonly last4: string;
  readonly expMonth: number;
  readonly expYear: number;
}
