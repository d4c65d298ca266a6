import { runCheck } from "@mema/db/check";
import { proveProcedures } from "../proof/prove-procedures.ts";

await runCheck(proveProcedures);
