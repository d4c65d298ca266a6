import { readFileSync } from "node:fs";
import { SMTPServer } from "smtp-server";

/**
 * A mail server for tests, in a process of its own. What it does with a mail follows from the part of the address before the @ (see
 * MailServer); each mail that it got whole is printed as one line of JSON.
 */
const { certificate, key, implicitTls, startTls, login, port } = JSON.parse(process.argv[2] ?? "{}") as {
  certificate?: string;
  key?: string;
  implicitTls?: boolean;
  startTls?: boolean;
  login?: { user: string; password: string };
  port?: number;
};

const received = new Map<string, number>();
/** `second-` in front of what it does: only to the second mail. */
function behaviour(address: string): { what: string; code: number } {
  const [, second, what = "", code = ""] = /^(second-)?(refused|data|drop|hang)(?:-(\d+))?@/.exec(address) ?? [];
  const active = second === undefined || received.get(address) === 1;
  return { what: active ? what : "", code: Number(code) };
}
const refusal = (code: number) =>
  Object.assign(new Error(code === 550 ? "5.1.1 no such mailbox" : `refused with ${code}`), { responseCode: code });
const say = (line: object) => console.log(JSON.stringify(line));

const server = new SMTPServer({
  secure: implicitTls === true,
  ...(certificate === undefined || key === undefined ? {} : { cert: readFileSync(certificate), key: readFileSync(key) }),
  disabledCommands: [...(startTls === true || implicitTls === true ? [] : ["STARTTLS"]), ...(login === undefined ? ["AUTH"] : [])],
  allowInsecureAuth: true,
  authOptional: login === undefined,
  closeTimeout: 100,
  disableReverseLookup: true,
  logger: false,
  onAuth: ({ username, password }, _session, done) => {
    say({ login: username });
    if (username === login?.user && password === login?.password) done(null, { user: username });
    else done(new Error("535 wrong login"));
  },
  onRcptTo: ({ address }, _session, done) => {
    const { what, code } = behaviour(address);
    done(what === "refused" ? refusal(code) : null);
  },
  onData: (stream, session, done) => {
    let raw = "";
    stream.setEncoding("utf8").on("data", (part: string) => (raw += part));
    stream.on("end", () => {
      const to = session.envelope.rcptTo[0]?.address ?? "";
      const { what, code } = behaviour(to);
      received.set(to, (received.get(to) ?? 0) + 1);
      say({ to, raw, secure: session.secure, user: session.user ?? null });
      if (what === "drop") {
        for (const connection of server.connections) if (connection.session.id === session.id) connection._socket.destroy();
      } else if (what === "data") done(refusal(code));
      else if (what !== "hang") done(null);
    });
  },
});
// A client that goes away in the middle is what is tested.
server.on("error", () => {});
server.listen(port ?? 0, "127.0.0.1", () => {
  const address = server.server.address();
  say({ port: typeof address === "object" ? address?.port : null });
});
process.once("SIGTERM", () => process.exit(0));
