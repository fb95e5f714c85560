-- What a user does in Neovim, and what it then shows, as JSON for tests/test_neovim.py. Every wait has a limit.
local plugin, spec, result, python = unpack(vim.fn.json_decode(vim.env.DSLC_SESSION))
local WAIT = 20000 -- ms
local seen = {}

local function text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n") .. "\n"
end

local function shown()
  return vim.tbl_map(function(d)
    return { line = d.lnum + 1, column = d.col, code = d.code, message = d.message, source = d.source }
  end, vim.diagnostic.get(0))
end

local function until_(what, condition)
  assert(vim.wait(WAIT, condition, 20), "waited in vain for " .. what)
end

local function marks(name)
  local space = vim.api.nvim_get_namespaces()[name]
  return space and vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true }) or {}
end

-- Ask the server and wait; methods of clients take themselves since 0.11.
local function ask(client, method, params)
  local answer
  if vim.fn.has("nvim-0.11") == 1 then
    answer = client:request_sync(method, params, WAIT, 0)
  else
    answer = client.request_sync(method, params, WAIT, 0)
  end
  assert(answer and not answer.err, method .. ": " .. vim.inspect(answer))
  return answer.result
end

-- The hints of the whole text, raw: old versions show none.
local function hints(client)
  local found = ask(client, "textDocument/inlayHint", {
    textDocument = vim.lsp.util.make_text_document_params(),
    range = { start = { line = 0, character = 0 }, ["end"] = { line = 99, character = 0 } },
  })
  return vim.tbl_map(function(hint)
    return { line = hint.position.line + 1, label = hint.label }
  end, found)
end

local function errors()
  return vim.diagnostic.get(0, { severity = vim.diagnostic.severity.ERROR })
end

-- Apply the first quick fix of the first mistake, and wait until the server has seen it.
local function fix(client)
  local before = errors()
  local at = before[1]
  local range = {
    start = { line = at.lnum, character = at.col },
    ["end"] = { line = at.end_lnum, character = at.end_col },
  }
  local actions = ask(client, "textDocument/codeAction", {
    textDocument = vim.lsp.util.make_text_document_params(),
    range = range,
    context = { diagnostics = { { range = range, message = at.message, code = at.code, source = at.source } } },
  })
  for _, action in ipairs(actions) do
    if action.edit and action.kind == "quickfix" then
      table.insert(seen.fixes, action.title)
      vim.lsp.util.apply_workspace_edit(action.edit, client.offset_encoding)
      return until_("the mistake to go", function()
        return #errors() < #before
      end)
    end
  end
  error("no fix for " .. at.message)
end

local function session()
  vim.cmd("set noswapfile rtp^=" .. vim.fn.fnameescape(plugin))
  vim.cmd("filetype plugin on | syntax on")
  local client
  require("dslc").setup({
    cmd = { python, "-m", "dslc", "lsp" },
    on_attach = function(attached)
      client = attached
    end,
  })
  vim.cmd("edit " .. vim.fn.fnameescape(spec))
  seen.filetype = vim.bo.filetype
  seen.commentstring = vim.bo.commentstring
  until_("the server", function()
    return client ~= nil
  end)
  until_("diagnostics", function()
    return #vim.diagnostic.get(0) > 0
  end)
  seen.diagnostics = shown()

  seen.hints_before = hints(client)

  -- quick fixes, until there is nothing left to fix
  seen.fixes = {}
  while #errors() > 0 do
    fix(client)
  end
  seen.fixed = text()
  seen.hints = hints(client)

  -- and as the user sees them in a Neovim that has no hints
  vim.cmd("doautocmd TextChanged")
  until_("hints behind the lines", function()
    return vim.lsp.inlay_hint ~= nil or vim.inspect(marks("dslc_hints")):find("512") ~= nil
  end)
  seen.behind = vim.tbl_map(function(mark)
    return { line = mark[2] + 1, text = mark[4].virt_text[1][1] }
  end, marks("dslc_hints"))

  -- formatting, by the function of this version
  if vim.lsp.buf.format then
    vim.lsp.buf.format({ timeout_ms = WAIT })
  else
    vim.lsp.buf.formatting_sync(nil, WAIT)
  end
  seen.formatted = text()

  -- hover
  local hover = ask(client, "textDocument/hover", {
    textDocument = vim.lsp.util.make_text_document_params(),
    position = { line = 3, character = 13 },
  })
  seen.hover = hover.contents.value

  -- the page of a code, as the action "Explain E0212" asks for it
  local context = { client_id = client.id, bufnr = vim.api.nvim_get_current_buf() }
  vim.lsp.commands["dslc.explain"]({ command = "dslc.explain", arguments = { "E0212" } }, context)
  until_("the page of a code", function()
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      if vim.api.nvim_win_get_config(window).relative ~= "" then
        seen.page = table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false), "\n")
        vim.api.nvim_win_close(window, true)
        return true
      end
    end
  end)

  -- a run from a lens, in a terminal
  local spec_window = vim.api.nvim_get_current_win()
  vim.lsp.commands["dslc.compile"]({ command = "dslc.compile", arguments = { vim.uri_from_bufnr(0), "Digits" } }, context)
  until_("the compiled script", function()
    return vim.fn.filereadable((spec:gsub("%.dl$", "_keras.py"))) == 1
  end)
  vim.cmd("bdelete!")
  vim.api.nvim_set_current_win(spec_window)

  -- the script beside the spec
  local buffer = vim.api.nvim_get_current_buf()
  vim.cmd("DslcScript torch")
  local script
  until_("the script", function()
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      local other = vim.api.nvim_win_get_buf(window)
      if other ~= buffer and vim.bo[other].filetype == "python" and vim.api.nvim_buf_line_count(other) > 5 then
        script = other
        return true
      end
    end
  end)
  seen.script = table.concat(vim.api.nvim_buf_get_lines(script, 0, -1, false), "\n") .. "\n"
  vim.api.nvim_win_set_cursor(0, { 4, 0 })
  vim.cmd("doautocmd CursorMoved")
  local found = vim.api.nvim_buf_get_extmarks(script, vim.api.nvim_get_namespaces().dslc_script, 0, -1, {})
  seen.marked = vim.tbl_map(function(mark)
    return vim.api.nvim_buf_get_lines(script, mark[2], mark[2] + 1, false)[1]
  end, found)

  -- colours without the server
  seen.colours = vim.tbl_map(function(place)
    return vim.fn.synIDattr(vim.fn.synID(place[1], place[2], 1), "name")
  end, { { 1, 1 }, { 1, 7 }, { 4, 14 }, { 8, 1 }, { 8, 17 } })
  local id = client.id
  vim.lsp.stop_client(id)
  until_("the server to leave", function()
    return vim.lsp.get_client_by_id(id) == nil
  end)
end

local good, problem = xpcall(session, debug.traceback)
if not good then
  seen.problem = tostring(problem)
end
local file = assert(io.open(result, "w"))
file:write(vim.fn.json_encode(seen))
file:close()
vim.cmd("qa!")
