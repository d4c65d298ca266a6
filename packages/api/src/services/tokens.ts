/** About how many tokens a model's tokeniser makes of a text, rather too many than too few: a third of a token a character, one in scripts without spaces. */
export function estimateTokens(text: string): number {
  const dense =
    text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Extended_Pictographic}]/gu)
      ?.length ?? 0;
  return Math.ceil(dense + (text.length - dense) / 3);
}
