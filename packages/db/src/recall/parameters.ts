/**
 * The weights of recall, frozen: near the middle of the plateau that 144 settings form, looked for leave-one-conversation-out on the
 * public LoCoMo conversations; the figures stand in docs/recall.md. Scores are in units of BM25.
 */
export const recallParameters = {
  /** BM25's saturation and length normalisation for short documents. */
  k1: 0.9,
  b: 0.4,
  /** What a message takes from the one beside it and the next but one, as shares of their scores. */
  neighbours: [0.4, 0.2],
  /** What the answer to a message that asks takes more. */
  reply: 0.5,
  /** What a document takes from its session: a share of the best score of each term in it. */
  session: 0.5,
  /** How much more a document counts whose speaker the question names. */
  speaker: 0.3,
  /** The power of a message's length against the mean, up to a multiple of it: "Thanks!" says less than a sentence. */
  length: 0.15,
  longest: 2,
  /** How much more a document counts that is of the time the question names. */
  period: 1,
  /** After how many days past that time half of it is gone. */
  periodHalfLifeDays: 5,
  /** How much more a document of this moment counts than an old one, and after how many days half of that is gone. */
  recency: 0.05,
  recencyHalfLifeDays: 30,
  /** How much more a fact counts that is of the kind that is asked for. Not measured: LoCoMo has no facts. */
  factType: 0.2,
  /** What share of it a fact loses with age, half of that in so many days. Not measured either. */
  fading: {
    permanent: null,
    long_term: { share: 0.1, halfLifeDays: 730 },
    short_term: { share: 0.3, halfLifeDays: 14 },
  },
  /** What a word is worth that answers use for a word of the question, and how many are taken, the rarest first. */
  related: 0.25,
  relatedWords: 10,
  /** What another name of a named entity is worth, and being about it, as shares of the name that was asked for. */
  alias: 0.5,
  entity: 0.5,
  namedEntities: 20,
  /** What a word is worth that only resembles one that is nowhere; how many words are guessed, from how many, and how many for each. */
  guess: 0.8,
  guessedWords: 4,
  guessesFrom: 5_000,
  guesses: 3,
  /**
   * What a text is worth that stands out in meaning, for each standard deviation that it does so by more than chance and a margin, and at
   * most: about a rare word. A text that is only above the usual (or, where there are too few to tell, somewhat similar) comes last. How
   * many are looked at, and by how many of each kind the usual is told.
   */
  meaning: 2,
  meaningMargin: 1,
  meaningMost: 8,
  meaningFill: { from: 1, worth: 0.01, fewest: 10, similarity: 0.3 },
  meaningHits: 50,
  meaningSample: 256,
  /** Documents that are ranked, and how many of them, by their own words, give to what stands beside them. */
  candidates: 120,
  surrounded: 60,
  /** Postings that are read to find candidates; words that are more frequent only add to what rarer ones found. */
  postingBudget: 5_000,
  /** Candidates by rarer words whose frequent words are looked up. */
  shortlist: 300,
  /** Words of a question that are used, the rarest first. */
  queryTerms: 32,
} as const;
