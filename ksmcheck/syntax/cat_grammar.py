"""The grammar of cat for lark's LALR(1) generator. Precedence grows from `union` to `argument`.

An `item` is what a tuple or a set may have as a part without parentheses. What ends in an
expression (`fun x -> e`, `let ... in e`) is none: its commas are e's, as herd7 has it.
"""

from __future__ import annotations

GRAMMAR = r"""
start: title body

title: heading option*
heading:                                    -> no_title
     | STRING                               -> a_title
     | NAME                                 -> a_title
     | NAME NAME                            -> a_title
     | NAME STRING                          -> a_title
option: CATDEP | WITHCO | WITHOUTCO | WITHINIT | WITHOUTINIT | WITHSC | WITHOUTSC

body: statement*

?statement: LET bindings IN?                -> let
    | LET REC bindings IN?                  -> let_rec
    | LET REC bindings WHEN TILDE? check_kind expr alias IN? -> let_rec_when
    | role TILDE? check_kind expr alias     -> check
    | SHOW shown (COMMA shown)*             -> show
    | UNSHOW shown (COMMA shown)*           -> show
    | DEBUG expr                            -> debug
    | INCLUDE STRING                        -> include
    | WITH NAME FROM expr                   -> with_from
    | ENUM NAME EQUAL ALT? TAG (ALT TAG)*   -> enum
    | INSTRUCTIONS NAME LBRACKET list RBRACKET               -> instructions
    | DEFAULT NAME LBRACKET list RBRACKET                    -> instructions
    | PROCEDURE NAME parameters EQUAL body END               -> procedure
    | PROCEDURE REC NAME parameters EQUAL body END           -> procedure_rec
    | CALL NAME argument alias              -> call
    | FORALL NAME IN expr DO body END       -> forall
    | IF condition THEN? body ELSE body END -> if_else
    | IF condition THEN? body END           -> if_only
    | MATCH expr WITH ALT? step (ALT step)* END              -> match_steps
step: TAG ARROW body                        -> step_tag
    | UNIVERSE ARROW body                   -> step_any
list:                                       -> no_list
    | item (COMMA item)*                    -> some_list

role:                                       -> plain_role
    | FLAG                                  -> a_role
    | ASSERT                                -> a_role
    | UNDEFINED_UNLESS                      -> a_role
check_kind: ACYCLIC | IRREFLEXIVE | EMPTY
alias:                                      -> no_alias
     | AS NAME                              -> an_alias
shown: item alias

bindings: binding (AND binding)*
binding: NAME EQUAL expr                    -> value
    | NAME parameters EQUAL expr            -> function
    | LPAR RPAR EQUAL expr                  -> unnamed
    | LPAR pattern RPAR EQUAL expr          -> bracketed
    | LPAR pattern (COMMA pattern)+ RPAR EQUAL expr -> several
    | pattern (COMMA pattern)+ EQUAL expr   -> several
    | UNIVERSE EQUAL expr                   -> unnamed
parameters: LPAR RPAR                       -> no_parameters
    | LPAR pattern (COMMA pattern)* RPAR    -> some_parameters
    | pattern                               -> some_parameters
pattern: NAME | UNIVERSE

?expr: item
    | item (COMMA item)+                    -> tuple_expr
    | LET bindings IN expr                  -> let_in
    | LET REC bindings IN expr              -> let_rec_in
    | FUN parameters ARROW expr             -> fun
    | IF condition THEN expr ELSE expr      -> if_expr
    | TRY expr WITH expr                    -> try_expr
?item: union
    | MATCH expr WITH ALT? case (ALT case)* END -> match
case: TAG ARROW expr                        -> case_tag
    | LBRACE RBRACE ARROW expr              -> case_empty
    | pattern PLUSPLUS pattern ARROW expr   -> case_cons
    | pattern BAR pattern PLUSPLUS pattern ARROW expr -> case_split
    | UNIVERSE ARROW expr                   -> case_any

?union: addition | union BAR addition       -> binary
?addition: sequence | sequence PLUSPLUS addition     -> binary
?sequence: difference | sequence SEMI difference     -> binary
?difference: intersection | difference BACKSLASH intersection -> binary
?intersection: product | intersection AMP product    -> binary
?product: prefix | product PRODUCT prefix   -> binary
?prefix: postfix | TILDE prefix
?postfix: application
    | postfix PLUS                          -> closure
    | postfix STAR                          -> closure
    | postfix OPT                           -> closure
    | postfix INVERSE                       -> closure
?application: argument | application argument -> apply
?argument: NAME                             -> name
    | TAG                                   -> tag
    | LBRACKET expr RBRACKET                -> identity
    | ZERO                                  -> zero
    | UNIVERSE                              -> universe
    | BEGIN expr END                        -> group
    | LPAR expr RPAR                        -> group
    | LPAR RPAR                             -> tuple_expr
    | LBRACE RBRACE                         -> braces
    | LBRACE item (COMMA item)* RBRACE      -> braces

?condition: conjunction | condition ALT conjunction  -> logic
?conjunction: negation | conjunction ANDAND negation -> logic
?negation: test | NOT negation              -> not_logic
?test: STRING                               -> variant
    | NAME STRING                           -> named_variant
    | expr EQUAL expr                       -> compare
    | expr SUBSET expr                      -> compare
    | expr IN expr                          -> compare
    | LPAR condition RPAR                   -> group

%declare STRING NAME TAG ZERO UNIVERSE LET REC AND IN AS FUN IF THEN ELSE NOT MATCH WITH END TRY
%declare ACYCLIC IRREFLEXIVE EMPTY FLAG ASSERT UNDEFINED_UNLESS SHOW UNSHOW DEBUG INCLUDE FROM ENUM
%declare INSTRUCTIONS PROCEDURE CALL FORALL DO SUBSET PLUSPLUS PLUS STAR OPT INVERSE ALT BAR ANDAND
%declare AMP SEMI BACKSLASH TILDE LPAR RPAR LBRACKET RBRACKET LBRACE RBRACE COMMA EQUAL ARROW
%declare PRODUCT WHEN DEFAULT BEGIN CATDEP WITHCO WITHOUTCO WITHINIT WITHOUTINIT WITHSC WITHOUTSC
"""
