/** Who a mail is from. */
export interface Mailbox {
  /** Empty for a bare address. */
  name: string;
  address: string;
}

/** Reads `reminders@example.org` or `Mema <reminders@example.org>`; null when it is neither. */
export function parseMailbox(text: string): Mailbox | null {
  const match = /^(?:([^<>"\r\n]*)<)?([^\s<>@"]+@[^\s<>@"]+?)(>)?$/.exec(text.trim());
  if (match === null || (match[1] === undefined) !== (match[3] === undefined)) return null;
  return { name: (match[1] ?? "").trim(), address: match[2] ?? "" };
}

export interface SmtpServer {
  host: string;
  port: number;
  /** TLS from the first byte (smtps); otherwise STARTTLS. */
  secure: boolean;
  login: { user: string; password: string } | null;
}

/** Reads `smtp://` or `smtps://`, with USER:PASSWORD@ where the server wants a login (percent-encoded); null when it is neither. */
export function parseSmtpUrl(text: string): SmtpServer | null {
  if (!URL.canParse(text)) return null;
  const { protocol, hostname, port, username, password, pathname, search, hash } = new URL(text);
  if (!/^smtps?:$/.test(protocol) || hostname === "" || !/^\/?$/.test(pathname) || search !== "" || hash !== "") return null;
  if ((username === "") !== (password === "")) return null;
  const secure = protocol === "smtps:";
  try {
    return {
      host: hostname.replace(/^\[|\]$/g, ""),
      port: port === "" ? (secure ? 465 : 587) : Number(port),
      secure,
      login: username === "" ? null : { user: decodeURIComponent(username), password: decodeURIComponent(password) },
    };
  } catch {
    return null;
  }
}
