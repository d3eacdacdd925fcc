-- Drives `sidegate lsp` from Neovim, as its user would: opens a file with a mistake, looks at what
-- is shown, asks at the cursor, takes the fix, types, and leaves. Prints one object of JSON for
-- `editor.rs`, which knows what is to be in it. Neovim 0.7 and newer.

local LIMIT = 60000 -- milliseconds, for the day when something hangs
local seen = { exit = vim.NIL }

local function run()
  vim.cmd("edit " .. vim.fn.fnameescape(vim.env.FILE))
  local buffer = vim.api.nvim_get_current_buf()
  local config = {
    name = "sidegate",
    cmd = { vim.env.SIDEGATE, "lsp" },
    root_dir = vim.env.ROOT,
    on_exit = function(code) seen.exit = code end,
  }
  local id = (vim.lsp.start or vim.lsp.start_client)(config)
  vim.lsp.buf_attach_client(buffer, id)
  local client
  assert(vim.wait(LIMIT, function()
    client = vim.lsp.get_client_by_id(id)
    return client ~= nil and client.initialized == true
  end, 10), "the server does not start")
  seen.encoding = client.offset_encoding

  local function diagnostics()
    local shown = {}
    for _, found in ipairs(vim.diagnostic.get(buffer)) do
      local lsp = (found.user_data or {}).lsp or {}
      table.insert(shown, {
        code = found.code or lsp.code,
        message = found.message,
        from = { found.lnum, found.col },
        to = { found.end_lnum, found.end_col },
      })
    end
    return shown
  end

  -- The cursor is set in bytes, and the request is in the encoding of the session.
  local function ask(method, line, column, more)
    vim.api.nvim_win_set_cursor(0, { line + 1, column })
    local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
    params = vim.tbl_extend("force", params, more or {})
    local answers = assert(vim.lsp.buf_request_sync(buffer, method, params, LIMIT))
    local answer = assert(answers[id], "no answer to " .. method)
    assert(answer.err == nil, vim.inspect(answer.err))
    return answer.result
  end

  assert(vim.wait(LIMIT, function() return #diagnostics() > 0 end, 10), "nothing is shown")
  seen.before = diagnostics()
  local wrong = seen.before[1]
  local line = vim.api.nvim_buf_get_lines(buffer, wrong.from[1], wrong.from[1] + 1, true)[1]
  seen.underlined = line:sub(wrong.from[2] + 1, wrong.to[2])

  local function column(text, from)
    local whole = vim.api.nvim_buf_get_lines(buffer, from, from + 1, true)[1]
    return assert(whole:find(text, 1, true), text) - 1
  end
  seen.hover = ask("textDocument/hover", 6, column("fs.read_text", 6)).contents.value
  local definition = ask("textDocument/definition", 5, column("notes:read", 5))[1]
  seen.definition = { vim.uri_to_fname(definition.uri), definition.range.start.line }

  vim.api.nvim_win_set_cursor(0, { wrong.from[1] + 1, wrong.from[2] })
  local range = vim.lsp.util.make_range_params(0, client.offset_encoding).range
  local asked = { range = range, context = { diagnostics = {} } }
  local fixes = ask("textDocument/codeAction", wrong.from[1], wrong.from[2], asked)
  seen.fix = fixes[1].title
  vim.lsp.util.apply_workspace_edit(fixes[1].edit, client.offset_encoding)
  seen.fixed = vim.api.nvim_buf_get_lines(buffer, wrong.from[1], wrong.from[1] + 1, true)[1]
  assert(vim.wait(LIMIT, function() return #diagnostics() == 0 end, 10), "the fix is none")

  -- Typed behind characters of several bytes, and sent as a change of that piece.
  local typed = 'platforms = [ # 🦀ü'
  vim.api.nvim_buf_set_lines(buffer, 4, 4, true, { typed, '"li' })
  local items = ask("textDocument/completion", 5, 3)
  seen.completion = vim.tbl_map(function(item) return item.label end, items.items or items)
  vim.api.nvim_buf_set_lines(buffer, 4, 6, true, {})
  local symbols = ask("textDocument/documentSymbol", 0, 0)
  seen.symbols = vim.tbl_map(function(symbol) return symbol.name end, symbols)

  vim.lsp.stop_client(id)
  assert(vim.wait(LIMIT, function() return seen.exit ~= vim.NIL end, 10), "it does not end")
end

local ok, message = pcall(run)
seen.error = ok and vim.NIL or tostring(message)
io.stdout:write(vim.json.encode(seen), "\n")
io.stdout:flush()
vim.cmd("qall!")
