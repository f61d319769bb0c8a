import { createServer } from "node:http";
import url from "node:url";

const server = createServer((request, response) => {
  const { pathname, query } = url.parse(request.url, true);
  if (pathname === "/health") return response.end("ok");
  if (pathname === "/old") {
    response.writeHead(301, { Location: "/new?from=" + escape(query.from ?? "") });
    return response.end();
  }
  response.statusCode = 404;
  response.end(new Buffer(`no ${pathname}\n`));
});

server.listen(process.env.PORT ?? 8080);
