import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app";
import { makeClient } from "./app/client";
import { Boundary } from "./shared/ui/panel";
import "./styles.css";

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={makeClient()}>
        <Boundary>
          <App />
        </Boundary>
      </QueryClientProvider>
    </StrictMode>,
  );
}
