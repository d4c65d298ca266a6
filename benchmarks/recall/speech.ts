import { randomFrom } from "@mema/db/recall-set";

/** Made-up talk with the word frequencies of natural language (Zipf), the same for the same seed. */
export interface Speech {
  /** 8 to 23 words unless told. */
  sentence(length?: [from: number, to: number]): string;
  /** Six words, half of them frequent. */
  question(): string;
}

const vocabulary = 30_000;
const syllables = ["ba", "ke", "lo", "mi", "nu", "ra", "so", "ti", "vu", "za", "chi", "dro", "fen", "gal", "hum", "pri"];

/** A pronounceable word for each number; the first numbers are the frequent words. */
function word(number: number): string {
  let text = "";
  for (let rest = number + 16; rest > 0; rest = Math.floor(rest / syllables.length)) text += syllables[rest % syllables.length] ?? "";
  return text;
}

export function createSpeech(seed: number): Speech {
  const random = randomFrom(seed);
  const zipf = () => word(Math.floor(vocabulary ** random()));
  const words = (count: number, next: () => string) => Array.from({ length: count }, next).join(" ");
  return {
    sentence: ([from, to] = [8, 23]) => words(from + Math.floor(random() * (to - from + 1)), zipf),
    question: () => `${words(3, zipf)} ${words(3, () => word(Math.floor(random() * 2_000)))}`,
  };
}
