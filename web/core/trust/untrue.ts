/** What was said is not so: not signed, signed by another, about another, out of its time. Words for people. */
export class Untrue extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Untrue';
  }
}
