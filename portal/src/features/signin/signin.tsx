import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, Problem, unwrap } from "../../shared/api/client";
import { changeSession } from "../../shared/api/queries";
import { explain } from "../../shared/format";
import { text } from "../../shared/text";
import { Logo } from "../../shared/ui/logo";

const reasonOf = (error: Error): string => (error instanceof Problem && error.code === "unauthenticated" ? text.session.wrong : explain(error));

export function SignIn() {
  const client = useQueryClient();
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => unwrap(api.POST("/session", { body: { user, password, bearer: false } })),
    onSuccess: (session) => changeSession(client, session),
  });
  useEffect(() => {
    document.title = `${text.session.title} · ${text.product}`;
  }, []);
  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <form className="panel w-full max-w-[360px] p-6" onSubmit={(event) => { event.preventDefault(); if (!isPending) mutate(); }}>
        <div className="mb-5 flex items-center gap-3">
          <Logo size={38} />
          <div>
            <h1>{text.product}</h1>
            <p className="text-muted">{text.session.lead}</p>
          </div>
        </div>
        <label className="mb-3 block">
          <span className="mb-1 block font-[550]">{text.session.user}</span>
          <input className="field" name="user" autoComplete="username" autoCapitalize="none" spellCheck={false} required autoFocus maxLength={64} value={user} onChange={(event) => setUser(event.target.value)} />
        </label>
        <label className="mb-4 block">
          <span className="mb-1 block font-[550]">{text.session.password}</span>
          <input className="field" name="password" type="password" autoComplete="current-password" required maxLength={256} value={password} onChange={(event) => setPassword(event.target.value)} />
        </label>
        {error && <p role="alert" className="mb-4 text-bad">{reasonOf(error)}</p>}
        <button type="submit" className="btn btn-primary w-full" disabled={isPending}>
          {isPending ? text.session.busy : text.session.submit}
        </button>
      </form>
    </main>
  );
}
