import * as fc from "fast-check";
import { expect, test } from "vitest";
import { terminate, typed } from "./testing/wire-client.ts";
import { MessageBuffer } from "./wire-messages.ts";

const message = fc
  .tuple(fc.constantFrom("Q", "P", "B", "E", "D", "S", "H"), fc.uint8Array({ maxLength: 60 }))
  .map(([type, body]) => typed(type, Buffer.from(body)));

/** Cuts bytes at the given places, whatever their order. */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

test("gives back the same messages, whole, however the stream was cut", () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), fc.array(fc.nat(), { maxLength: 20 }), (messages, places) => {
      const input = new MessageBuffer();
      const taken: Buffer[] = [];
      for (const chunk of cut(Buffer.concat(messages), places)) {
        input.push(chunk);
        for (let piece = input.takeMessages(); piece !== null; piece = input.takeMessages()) {
          taken.push(piece.bytes);
          const ends = messages.map((_, index) => Buffer.concat(messages.slice(0, index + 1)).length);
          const at = ends.indexOf(Buffer.concat(taken).length);
          expect(piece.last).toBe(String.fromCharCode(messages[at]?.[0] ?? 0));
        }
      }
      expect(Buffer.concat(taken)).toEqual(Buffer.concat(messages));
    }),
  );
});

test("hands Terminate out alone", () => {
  const input = new MessageBuffer();
  input.push(Buffer.concat([typed("S"), terminate, typed("S")]));
  expect(input.takeMessages()).toEqual({ bytes: typed("S"), last: "S" });
  expect(input.takeMessages()).toEqual({ bytes: terminate, last: "X" });
});
