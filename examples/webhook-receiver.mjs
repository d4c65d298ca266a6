// A receiver of Mema's webhooks in plain Node, without dependencies: `node examples/webhook-receiver.mjs`.
// It prints what arrives on http://127.0.0.1:9999/hook and whether its signature is valid (Standard Webhooks: HMAC-SHA256 over
// "id.timestamp.body"). Tell it the channel's secret with `curl -d whsec_... http://127.0.0.1:9999/secret`.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const port = Number(process.env.PORT ?? 9999);
let key = null;

function isSigned(headers, body) {
  const expected = createHmac("sha256", key).update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`).digest();
  const fresh = Math.abs(Date.now() / 1000 - Number(headers["webhook-timestamp"])) < 300;
  return String(headers["webhook-signature"])
    .split(" ")
    .map((signature) => Buffer.from(signature.replace(/^v1,/, ""), "base64"))
    .some((signature) => fresh && signature.length === expected.length && timingSafeEqual(signature, expected));
}

createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    if (request.url === "/secret") {
      key = Buffer.from(body.trim().replace(/^whsec_/, ""), "base64");
      console.log("secret known: signatures are checked from now on");
      return response.writeHead(204).end();
    }
    const verdict = key === null ? "not checked yet" : isSigned(request.headers, body) ? "valid" : "INVALID";
    console.log(`${String(request.headers["webhook-id"])}  signature ${verdict}\n${body}`);
    response.writeHead(key === null || verdict === "valid" ? 204 : 401).end();
  });
}).listen(port, "127.0.0.1", () => console.log(`waiting for webhooks on http://127.0.0.1:${port}/hook`));
