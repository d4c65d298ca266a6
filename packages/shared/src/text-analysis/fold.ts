const latinMarks = /(?<=[\p{Script=Latin}\p{Script=Greek}]\p{M}*)[\u0300-\u036f]/gu;
const vowelPoints = /[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0640]/gu;
const letters: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  đ: "d",
  ð: "d",
  ł: "l",
  þ: "th",
  ı: "i",
  ё: "е",
  ς: "σ",
};
const replaced = new RegExp(`[${Object.keys(letters).join("")}]`, "gu");

/**
 * The form in which words are compared: compatibility forms unified (NFKC), lower case, no accents on Latin and Greek letters, no vowel
 * points in Hebrew and Arabic. Marks that make another letter (Cyrillic й, Japanese が, Thai vowels) stay. Idempotent.
 */
export function foldText(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .normalize("NFD")
    .replace(latinMarks, "")
    .replace(vowelPoints, "")
    .normalize("NFC")
    .replace(replaced, (letter) => letters[letter] ?? letter);
}
