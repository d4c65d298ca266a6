import type { Delivery } from "../../app/api-types.ts";
import { deliveryWords } from "./reminder-words.ts";

export function DeliveryStatus({ delivery }: { delivery: Pick<Delivery, "status" | "ambiguous"> }) {
  const { name, tone, meaning } = deliveryWords[delivery.ambiguous ? "unknown" : delivery.status];
  return (
    <span className={`tag ${tone}`} title={meaning}>
      {name}
    </span>
  );
}
