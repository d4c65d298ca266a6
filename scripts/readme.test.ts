import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { root, rootScript, run, type Running, runWell, start } from "./testing/processes.ts";

const readme = readFileSync(join(root, "README.md"), "utf8");
const blocks = [...readme.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map(([, language = "", text = ""]) => ({ language, text }));
const blockWith = (language: string, words: string) =>
  blocks.find((block) => block.language === language && block.text.includes(words))?.text ??
  expect.fail(`README.md has no ${language} block with ${words}`);

const key = "readme-first-user-key-0123456789";
let folder: string;
let port: number;
let receiverPort: number;
let server: Running;
let receiver: Running;

const freePort = () =>
  new Promise<number>((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

/** The document's text with this run's addresses and key. */
const here = (text: string) =>
  text
    .replaceAll("127.0.0.1:8787", `127.0.0.1:${port}`)
    .replaceAll("127.0.0.1:9999", `127.0.0.1:${receiverPort}`)
    .replace("KEY=mema_...", `KEY=${key}`);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mema-readme-"));
  [port, receiverPort] = [await freePort(), await freePort()];
  // What the two terminals run: the flag and the programs stand in the document.
  const terminals = blockWith("sh", "# terminal 1");
  const [flag = ""] = /MEMA_\w+=1(?= npm start)/.exec(terminals) ?? [];
  const [name = "", value = ""] = flag.split("=");
  const [receiverProgram = ""] = /(?<=node )examples\/\S+/.exec(terminals) ?? [];
  server = start(rootScript("start"), { [name]: value, PORT: String(port), MEMA_DATA_DIR: folder, MEMA_BOOTSTRAP_KEY: key });
  receiver = start(["node", receiverProgram], { PORT: String(receiverPort) });
  await vi.waitUntil(() => server.output().includes("Mema is ready."), { timeout: 60_000, interval: 100 });
});

afterAll(async () => {
  await Promise.all([server.end("SIGTERM"), receiver.end("SIGTERM")]);
  rmSync(folder, { recursive: true, force: true });
});

test("the curl example ends with a signed reminder at the receiver", async () => {
  const lines = here(blockWith("sh", "# terminal 3")).split("\n");
  const creation = lines.findIndex((line) => line.startsWith("mema channels.create"));
  const before = lines.slice(0, creation + 1);
  const setUp = before.filter((line) => /^(KEY=|mema\(\))/.test(line));
  const output = runWell(["bash", "-euc", before.join("\n")], {});
  expect(output).toContain('"text":"Dima took me to the climbing hall on Saturday"');
  const [secret = ""] = /whsec_[\w+/=]+/.exec(output) ?? expect.fail(output);
  runWell(["bash", "-euc", [...setUp, ...lines.slice(creation + 1)].join("\n").replace("whsec_...", secret)], {});
  await vi.waitFor(() => expect(receiver.output()).toMatch(/signature valid\n.*Buy a chalk bag/), { timeout: 60_000, interval: 200 });
});

test("the TypeScript example runs as it stands, and understands and finds what it says", () => {
  // Inside the workspace, where the package's name resolves; a fresh clone has not built anything yet.
  const folderOfPrograms = join(root, "scripts/dist");
  mkdirSync(folderOfPrograms, { recursive: true });
  const program = join(folderOfPrograms, `readme-${process.pid}.ts`);
  const example = blockWith("ts", "createMemaClient").replace("http://127.0.0.1:8787", `http://127.0.0.1:${port}`);
  writeFileSync(program, `${example}\nconsole.log(JSON.stringify({ understood, results }));\n`);
  const { status, output } = run(["node", program], { MEMA_KEY: key });
  rmSync(program);
  expect({ status, output }).toMatchObject({ status: 0 });
  const { understood, results } = JSON.parse(output) as { understood: { kind: string }[]; results: { text: string }[] };
  expect(understood).toHaveLength(1);
  expect(results[0]?.text).toContain("take my pills");
});
