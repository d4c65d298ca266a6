import type { Socket } from "node:net";

/**
 * Lets what is written to the socket while the present code runs leave in one system call: the driver writes each statement by itself, and
 * a transaction of many users sends dozens at a time.
 */
export function gatherWrites(socket: Socket): Socket {
  const write = socket.write.bind(socket);
  return Object.assign(socket, {
    write: (...parameters: Parameters<Socket["write"]>) => {
      if (socket.writableCorked === 0) {
        socket.cork();
        process.nextTick(() => socket.uncork());
      }
      return write(...parameters);
    },
  });
}
