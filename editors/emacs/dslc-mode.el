;;; dslc-mode.el --- Specs of dslc, with its language server  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0
;; Version: 0.1.0
;; Package-Requires: ((emacs "27.1"))
;; Keywords: languages, tools

;;; Commentary:

;; Colours, indentation and comments for the model specs of dslc (*.dl), and `dslc lsp' for eglot:
;;
;;   (add-to-list 'load-path "…/editors/emacs")
;;   (require 'dslc-mode)
;;   (add-hook 'dslc-mode-hook #'eglot-ensure)
;;
;; A new line behind a step goes on with the flow: M-RET, or `dslc-continue-flow'.

;;; Code:

(require 'dslc-words)

(defgroup dslc nil
  "Specs of models, compiled by dslc."
  :group 'languages)

(defcustom dslc-server-command '("dslc" "lsp")
  "How the language server is started.
A virtual environment `.venv' or `venv' of the project counts more."
  :type '(repeat string))

(defcustom dslc-indent-offset 2
  "How far what stands in brackets is indented; `dslc fmt' takes two."
  :type 'integer
  :safe #'integerp)

(defvar dslc-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?# "<" table)
    (modify-syntax-entry ?\n ">" table)
    (modify-syntax-entry ?\" "\"" table)
    (modify-syntax-entry ?_ "w" table)
    (modify-syntax-entry ?' "." table)
    (dolist (sign '(?- ?+ ?* ?/ ?% ?= ?< ?> ?! ?: ?, ?.))
      (modify-syntax-entry sign "." table))
    table)
  "What characters are in specs.")

(defun dslc--words (words)
  "A pattern for any of WORDS, alone."
  (regexp-opt words 'words))

(defvar dslc-font-lock-keywords
  `((,(concat (dslc--words '("model" "block")) "[ \t]+\\(\\w+\\)")
     (1 font-lock-keyword-face) (2 font-lock-type-face))
    ("\\<\\(input\\|output\\)[ \t]+\\(\\w+\\)[ \t]*\\(?::\\|$\\)"
     (1 font-lock-keyword-face) (2 font-lock-variable-name-face))
    ("\\<as[ \t]+\\(\\w+\\)" 1 font-lock-constant-face)
    ("\\<\\([0-9][0-9_]*\\(?:x[0-9]+\\)+\\)\\>" 1 font-lock-constant-face)
    ("\\(\\w+\\)[ \t]*=\\(?:[^=]\\|$\\)" 1 font-lock-variable-name-face)
    ;; Words of sections are names like any other in models, but for those that hold something in braces.
    (,(concat "^\\s-*" (dslc--words dslc-sections) "\\(?:[ \t]+\\w+\\)?[ \t]*{")
     1 font-lock-keyword-face)
    (,(dslc--words (append dslc-definitions dslc-keywords)) . font-lock-keyword-face)
    (,(dslc--words (append dslc-layer-words dslc-activation-words dslc-merge-words))
     . font-lock-function-name-face)
    (,(concat "\\(?:[=[,][ \t]*\\|^[ \t]*\\)" (dslc--words dslc-section-words))
     1 font-lock-builtin-face)
    (,(concat "=[ \t]*" (dslc--words dslc-constants)) 1 font-lock-constant-face)
    (,(dslc--words '("true" "false" "none")) . font-lock-constant-face))
  "The colours of specs; the words are those of dslc.")

(defun dslc--opened ()
  "How many brackets are open around the line, without those that it closes first."
  (save-excursion
    (back-to-indentation)
    (let ((depth (car (syntax-ppss))))
      (while (memq (char-after) '(?} ?\) ?\]))
        (setq depth (1- depth))
        (forward-char))
      (max depth 0))))

(defun dslc-indent-line ()
  "Indent the line as `dslc fmt' does."
  (interactive)
  (let ((column (* dslc-indent-offset (save-excursion (beginning-of-line) (dslc--opened)))))
    (if (<= (current-column) (current-indentation))
        (indent-line-to column)
      (save-excursion (indent-line-to column)))))

(defun dslc-continue-flow ()
  "Begin a new line that goes on with the flow."
  (interactive)
  (end-of-line)
  (newline-and-indent)
  (insert "-> "))

(defvar dslc-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "M-RET") #'dslc-continue-flow)
    map)
  "Keys in specs.")

;;;###autoload
(define-derived-mode dslc-mode prog-mode "dslc"
  "Specs of models, compiled by dslc."
  (setq-local comment-start "# ")
  (setq-local comment-start-skip "#+\\s-*")
  (setq-local indent-tabs-mode nil)
  (setq-local indent-line-function #'dslc-indent-line)
  (setq-local electric-indent-chars (append "})]" electric-indent-chars))
  (setq-local font-lock-defaults '(dslc-font-lock-keywords))
  (setq-local imenu-generic-expression '((nil "^\\(?:model\\|block\\)[ \t]+\\(\\w+\\)" 1))))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.dl\\'" . dslc-mode))

(defun dslc-server (&rest _)
  "The command of the language server for the project around."
  (let* ((root (or (locate-dominating-file default-directory ".venv")
                   (locate-dominating-file default-directory "venv")))
         (pythons (and root
                       (mapcar (lambda (place) (expand-file-name place root))
                               '(".venv/bin/python" ".venv/Scripts/python.exe"
                                 "venv/bin/python" "venv/Scripts/python.exe"))))
         (python (seq-find #'file-executable-p pythons)))
    (if python
        (list python "-m" "dslc" "lsp")
      dslc-server-command)))

(defvar eglot-server-programs)
(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs '(dslc-mode . dslc-server)))

(provide 'dslc-mode)
;;; dslc-mode.el ends here
